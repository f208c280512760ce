import type { Config } from '../config.ts'

/** What the routes need to know of the configuration. */
export type ServiceSettings = Config['reception'] & Config['web'] & Pick<Config, 'publicBaseUrl'>
