// The library's browser entry in a page that is not cross-origin isolated: what it counts is what Node
// counts. A static server, a headless Chromium, no bundler.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as daxstorm from '../../host/index.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { readPage } from '../docs/page.ts';
import { BROWSER } from '../report/browser.ts';
import { story } from './story.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
const SERVED = /^\/(dist\/(browser|wasm)|test\/browser)\/[\w.-]+$/;
const INSTALLED = '/node_modules/daxstorm';
const STORY = '/test/browser/page.html';
const SHOWN = '/shown.html';

/** The page of docs/library.md, and a script that tells what it shows. */
function shownPage(): string {
  const { blocks } = readPage('docs/library.md');
  const page = blocks.find(({ language }) => language === 'html')?.text ?? 'none is shown';
  return `<!doctype html><body>${page}<script type="module">
    const watch = setInterval(() => {
      const shown = [...document.body.childNodes].findLast((node) => node.nodeType === Node.TEXT_NODE);
      const text = shown?.textContent.trim();
      if (!text) return;
      clearInterval(watch);
      fetch('/found', { method: 'POST', body: JSON.stringify({ text }) });
    }, 20);
  </script></body>`;
}

/**
 * Serves the package's own files as any static host would, from its root and as installed; `onFound`
 * has what the page says.
 */
function serve(onFound: (text: string) => void): Server {
  return createServer((request, response) => {
    const path = (request.url ?? '').replace(INSTALLED, '');
    if (request.method === 'POST') {
      let text = '';
      request.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      request.on('end', () => {
        response.end();
        onFound(text);
      });
    } else if (path === SHOWN) {
      response.setHeader('content-type', 'text/html');
      response.end(shownPage());
    } else if (SERVED.test(path)) {
      response.setHeader('content-type', TYPES[extname(path)] ?? 'text/plain');
      response.end(readFileSync(join(PACKAGE_ROOT, path)));
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
}

/** Opens a page in Chromium; what it found. */
async function openPage(page: string): Promise<Record<string, unknown>> {
  const profile = await mkdtemp(join(tmpdir(), 'daxstorm-page-'));
  const { promise, resolve, reject } = withResolvers<string>();
  const server = serve(resolve);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const url = `http://127.0.0.1:${port}${page}`;
  const browser = spawn(BROWSER as string, [...flags, `--user-data-dir=${profile}`, url], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  browser.on('error', reject);
  const ended = new Promise<void>((resolve) => browser.on('close', () => resolve()));
  const late = setTimeout(() => reject(new Error('the page said nothing for 50 s')), 50_000);
  try {
    return JSON.parse(await promise) as Record<string, unknown>;
  } finally {
    clearTimeout(late);
    browser.kill();
    await ended;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

describe.skipIf(!BROWSER)('in headless Chromium', () => {
  test('histories and storms count the same as in Node', async () => {
    const { error, crossOriginIsolated, early, astray, ...found } = await openPage(STORY);
    expect(error).toBeUndefined();
    expect(crossOriginIsolated).toBe(false);
    expect(early).toBe(
      "E_NOT_BUILT: the core 'devmap-counted' is not loaded; await loadCores() first",
    );
    expect(astray).toMatch(
      /^E_FILE: cannot fetch '.*\/nowhere\/devmap-unshared.wasm': 404; say where/,
    );
    const expected = story(daxstorm);
    expect(expected.storms.length).toBe(3);
    expect(expected.histories.length).toBe(9);
    expect(found).toEqual(expected);
  });

  test('the page of docs/library.md shows its count', async () => {
    const { text } = await openPage(SHOWN);
    const { phases } = daxstorm.countStorm({ align: '2M', sizeBytes: 2 ** 26 });
    expect(text).toBe(String(phases[0]?.counts.refcount.rmws));
  });
});

describe('the bundle', () => {
  const bundle = readFileSync(join(PACKAGE_ROOT, 'dist', 'browser', 'daxstorm.js'), 'utf8');

  test('imports nothing, least of all from Node', () => {
    expect(bundle).not.toMatch(/from\s*["']|import\(["']|["']node:/);
  });

  test('comes with the licences of what is in it', () => {
    const text = readFileSync(join(PACKAGE_ROOT, 'dist', 'browser', 'LICENCES.txt'), 'utf8');
    const named = text.split('\n----\n').map((part) => part.trim().split('\n')[0]);
    expect(named).toEqual(['@assemblyscript/loader', '@noble/hashes', 'pure-rand', 'zod']);
  });
});
