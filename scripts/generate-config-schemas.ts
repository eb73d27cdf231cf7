import { writeFileSync } from 'node:fs'
import { renderSchemas } from '../src/config/render-schemas.ts'

for (const [file, text] of renderSchemas()) {
  writeFileSync(new URL(`../config/${file}`, import.meta.url), text)
}
