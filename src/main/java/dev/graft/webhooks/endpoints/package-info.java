/**
 * Where departments are told, and of what: OpenAI's webhook endpoints.
 *
 * <p>{@link dev.graft.webhooks.endpoints.Endpoints} registers a URL, makes its secret, which is
 * shown once, and replaces it with an overlap; {@link dev.graft.webhooks.endpoints.SampleEvents}
 * sends an invented event at once. Of two who change an endpoint the second builds on what the
 * first has left.
 *
 * <p>How it fails: a URL that leads to where it must not is refused when it is given, and looked at
 * again at every attempt.
 */
@NullMarked
package dev.graft.webhooks.endpoints;

import org.jspecify.annotations.NullMarked;
