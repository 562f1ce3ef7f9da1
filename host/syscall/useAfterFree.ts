import { physOfPage } from './device.ts';
import type { Returned } from './holdings.ts';
import type { Process } from './process.ts';

/** vmemmap_base without KASLR, and where in a struct page the way to the head is (semantics 1.1). */
const VMEMMAP_BASE = 0xffff_ea00_0000_0000n;
const STRUCT_PAGE_BYTES = 64n;
const WORD_1 = 8n;

/** What a put or unpin reads first of a device page: word 1 of its struct page. */
function structPageRead(process: Process, page: number): bigint {
  const pfn = physOfPage(process.system.device, page) / 4096n;
  return VMEMMAP_BASE + pfn * STRUCT_PAGE_BYTES + WORD_1;
}

function pagesText({ firstPage, pages }: Returned): string {
  return pages === 1 ? `page ${firstPage}` : `pages ${firstPage} to ${firstPage + pages - 1}`;
}

/**
 * Names a put or unpin of pages that were taken before an unbind. A kernel would fault on the struct
 * page while the device is unbound, and once it is bound again take down a count that is another's;
 * here nothing is touched.
 *
 * Source: semantics 9.3; the recorded log of such an unpin on both kernels.
 */
export function reportUseAfterFree(process: Process, part: Returned, pin: boolean): void {
  const { system } = process;
  const { machine } = system;
  const address = structPageRead(process, part.firstPage);
  const pages = part.pages === 1 ? '1 page' : `${part.pages} pages`;
  const what = `use-after-free: ${pin ? 'unpin' : 'put'} of ${pages} after unbind`;
  const happens = machine.alive
    ? `the struct page at 0x${address.toString(16)} belongs to the device as it was bound since, whose counts a kernel would take down`
    : `a kernel faults at 0x${address.toString(16)}, not present, and oopses`;
  system.bugs.push({
    code: 'useAfterFree',
    kernel: machine.kernel,
    process: process.id,
    address,
    devicePage: part.firstPage,
    count: part.pages,
    text: `${what} (device ${pagesText(part)}, process ${process.id}): ${happens}`,
  });
}

/**
 * Names puts that took a count to 0 since `before`, as many as Machine.zeroPuts said then.
 * Kernel: devmap warns once a boot, and the count stays; refcount sets it back to 1 and says nothing.
 *
 * Source: semantics 9.1, 12.28; mm/memremap.c: free_zone_device_folio.
 */
export function reportUnbalancedPuts(process: Process, before: number): void {
  const { system } = process;
  const { machine } = system;
  const count = machine.zeroPuts - before;
  const devmap = machine.kernel === 'devmap';
  const warned = devmap && system.bugs.some(({ code }) => code === 'unbalancedPut');
  if (count === 0 || warned) return;
  const page = machine.zeroPutPage;
  const says = devmap
    ? 'WARNING at free_zone_device_folio, once; the count stays 0 and slow grabs fail with -ENOMEM'
    : 'free_zone_device_folio sets it back to 1, silently';
  system.bugs.push({
    code: 'unbalancedPut',
    kernel: machine.kernel,
    process: process.id,
    devicePage: page,
    count,
    text: `unbalanced put: the count of device page ${page} went to 0 with nobody holding it: ${says}`,
  });
}
