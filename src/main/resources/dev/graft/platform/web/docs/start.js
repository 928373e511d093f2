// validatorUrl: the document is told to nobody. persistAuthorization: a key is gone with the page.
window.SwaggerUIBundle({
  url: 'openapi.yaml',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'none',
  validatorUrl: null,
  persistAuthorization: false,
  // What Swagger UI leaves out for readers who hear the page: a label, and headings without a gap between their levels.
  onComplete: () => {
    document.querySelector('#servers')?.setAttribute('aria-label', 'Server')
    document.querySelectorAll('h3.opblock-tag').forEach(tag => tag.setAttribute('aria-level', '2'))
  },
})
