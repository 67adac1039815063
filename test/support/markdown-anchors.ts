/** The anchors that a Markdown page offers, as GitHub makes them of its headings. */
export const anchorsOf = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
