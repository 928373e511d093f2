// What Swagger UI leaves out for readers who hear the page: a label, landmarks, headings without a gap in their levels.
function mend() {
  document.querySelector('#servers')?.setAttribute('aria-label', 'Server')
  document.querySelectorAll('h3.opblock-tag, h4').forEach(heading => heading.setAttribute('aria-level', '2'))
  for (const [part, label] of [['.information-container', 'About'], ['.schemes-server-container', 'Server and key']]) {
    const place = document.querySelector(part)
    place?.setAttribute('role', 'region')
    place?.setAttribute('aria-label', label)
  }
}

// validatorUrl: no validator gets the document. persistAuthorization: a key is gone with the page.
window.SwaggerUIBundle({
  url: 'openapi.yaml',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'none',
  validatorUrl: null,
  persistAuthorization: false,
  onComplete: () => {
    mend()
    new MutationObserver(mend).observe(document.querySelector('#api'), {childList: true, subtree: true})
  },
})
