import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import { requireTool, toolPath } from './tools.ts'

interface Owner {
  skip: (name: string, test: () => undefined) => unknown
  fail: (message: string) => unknown
  teardown: (body: () => Promise<void>) => unknown
}

/**
 * One profile of Debian's Chromium that lasts as long as the test, so that its pages share a cache; with WebGL 2 drawn in
 * software, which needs no graphics card. @returns undefined where Chromium is not installed
 */
export async function openBrowser (t: Owner, size: { readonly width: number, readonly height: number }): Promise<BrowserContext | undefined> {
  if (!requireTool(t, 'chromium')) return undefined
  const browser: Browser = await chromium.launch({
    executablePath: toolPath('chromium'),
    args: ['--headless=new', '--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
  })
  t.teardown(async () => { await browser.close() })
  return await browser.newContext({ viewport: size })
}
