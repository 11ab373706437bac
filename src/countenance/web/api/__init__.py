"""The REST API under `/api/v1`: the same services as the pages, for programs with a token.

A view is a plain function that takes and returns models; `operations` turns it into an endpoint and
`openapi` into a part of the document, so that neither can say what the other does not.
No cookie counts here, no form token is asked for, and nothing is redirected.
"""
