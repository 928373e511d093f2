/**
 * A client of Graft's API, and the {@code graft} commands that are one: {@code login}, {@code
 * files}, {@code jobs}, {@code adapters}, {@code keys}. They know the server by its address alone,
 * as a portal would.
 *
 * <p>Results go to standard output, as tables or, with {@code --json}, as the server's own JSON;
 * progress goes to standard error. An answer other than 2xx is an {@link
 * dev.graft.client.ApiRefused} with the server's sentence and the request's id.
 */
@NullMarked
@ApplicationModule(allowedDependencies = "platform")
package dev.graft.client;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
