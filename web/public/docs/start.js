const docs = document.getElementById('docs')
window.SwaggerUIBundle({ domNode: docs, url: docs.dataset.spec, deepLinking: true, validatorUrl: null })
