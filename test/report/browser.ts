// Pages in a headless Chromium, driven by its command line alone: what the DOM is, what the console
// said, and what a probe in the page measured.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser to test with: what CHROMIUM names, or the first that answers. */
export const BROWSER = [process.env['CHROMIUM'], ...NAMES].find(
  (name) => name && spawnSync(name, ['--version']).status === 0,
);
if (!BROWSER) {
  process.stderr.write('no Chromium: tests in a browser are skipped (apt-get install chromium)\n');
}

export interface View {
  readonly dark: boolean;
  readonly width: number;
}

export interface Opened {
  readonly dom: string;
  /** Lines of the console, errors among them. */
  readonly console: readonly string[];
}

function run(profile: string, { dark, width }: View, url: string): Opened {
  const { status, stdout, stderr } = spawnSync(
    BROWSER as string,
    [
      '--headless',
      // Containers and root have no sandbox; the page is ours.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      `--user-data-dir=${profile}`,
      `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`,
      `--window-size=${width},900`,
      '--enable-logging=stderr',
      '--dump-dom',
      url,
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 50_000 },
  );
  if (status !== 0) throw new Error(`${BROWSER} failed (${status}): ${stderr}`);
  return { dom: stdout, console: stderr.split('\n').filter((line) => line.includes(':CONSOLE')) };
}

/** Opens a page from disk. */
export function openPage(file: string, view: View): Opened {
  const profile = mkdtempSync(join(tmpdir(), 'daxstorm-browser-'));
  try {
    return run(profile, view, pathToFileURL(file).href);
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}

/** Opens a copy of a page with a probe in it; answers what the probe returned. */
export function probePage<T>(file: string, view: View, probe: string): T {
  const copy = `${file}.probe.html`;
  const script = `<script>const found = (${probe})();
    const out = document.createElement('pre');
    out.id = 'probe'; out.textContent = JSON.stringify(found); document.body.append(out);</script>`;
  writeFileSync(copy, readFileSync(file, 'utf8').replace('</body>', `${script}</body>`));
  const { dom, console: said } = openPage(copy, view);
  const found = /<pre id="probe">(.*?)<\/pre>/s.exec(dom)?.[1];
  if (found === undefined) throw new Error(`the probe said nothing: ${said.join('\n')}`);
  const text = found.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return JSON.parse(text) as T;
}
