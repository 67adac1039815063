const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (char) => escapes[char] ?? char)

const STYLE = `
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef2f0;color:#1c2b26;font:16px/1.5 system-ui,sans-serif}
main{background:#fff;padding:2rem 2.25rem;border-radius:12px;box-shadow:0 4px 24px #0002;width:min(24rem,calc(100vw - 6rem))}
h1{margin:0 0 .25rem;font-size:1.35rem}p{margin:.25rem 0 1.25rem;color:#4d5f58}
label{display:block;font-weight:600;margin-bottom:.35rem}
select{width:100%;font:inherit;padding:.5rem;border:1px solid #9db0a8;border-radius:8px;background:#fff}
.buttons{display:flex;gap:.75rem;margin-top:1.5rem}
button{flex:1;font:inherit;font-weight:600;padding:.6rem;border-radius:8px;border:1px solid #1f6f4a;cursor:pointer}
.allow{background:#1f6f4a;color:#fff}.deny{background:#fff;color:#1f6f4a}
button:focus-visible,select:focus-visible{outline:3px solid #6fc79d;outline-offset:2px}`

const page = (title: string, content: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
<h1>${escapeHtml(title)}</h1>
${content}
</main></body>
</html>
`

interface LoginPage {
  /** Query of the login request; the form sends it along. */
  readonly query: URLSearchParams
  readonly users: readonly string[]
}

/** The consent page: who are you, and do you allow it. A plain GET form, so that it works without scripts. */
export function loginPage({ query, users }: LoginPage): string {
  const hidden = [...query].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const options = users.map((user) => `<option>${escapeHtml(user)}</option>`)
  return page(
    'Dexcom simulator',
    `<p>An application asks to read your glucose data. This is a test server: no password, no real person.</p>
<form method="get">
${hidden.join('\n')}
<label for="user">Account</label>
<select id="user" name="__user" autofocus>
${options.join('\n')}
</select>
<div class="buttons">
<button class="allow" type="submit">Allow</button>
<button class="deny" type="submit" name="__deny" value="1">Deny</button>
</div>
</form>`,
  )
}

/** Dexcom's own page for a bad application or redirect URI; the browser is not sent back (dexcom-api.md 2.1). */
export const refusalPage = (reason: string): string => page('Cannot sign in', `<p>${escapeHtml(reason)}</p>`)
