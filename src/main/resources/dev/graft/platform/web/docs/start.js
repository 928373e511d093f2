// validatorUrl: the document is told to nobody. persistAuthorization: a key is gone with the page.
window.SwaggerUIBundle({
  url: 'openapi.yaml',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'none',
  validatorUrl: null,
  persistAuthorization: false,
})
