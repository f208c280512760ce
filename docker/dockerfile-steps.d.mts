export interface Step { readonly keyword: string, readonly text: string }
export function parseSteps (text: string): Step[]
export function parseStages (text: string): { arguments: Record<string, string>, stages: { name: string, image: string, steps: Step[] }[] }
export function pairs (text: string): Record<string, string>
export function copyOf (text: string): { options: Record<string, string | undefined>, sources: string[], target: string }
