/**
 * Who may pass the server's door: the security chain of the public API, and the secrets that open
 * it.
 *
 * <p>Nothing opens without a bearer key but health and the OpenAPI document. Who issues tokens
 * supplies a {@link dev.graft.platform.security.BearerAuthenticator}, who knows roles a {@link
 * dev.graft.platform.security.RouteAccess}, who counts requests a {@link
 * dev.graft.platform.security.RateLimiter}; the worker API has a filter chain of its own, ordered
 * before this one.
 *
 * <p>How it fails: a route that nobody knows is closed to everyone, and a controller with such a
 * route keeps the server from starting. {@link dev.graft.platform.security.Secrets} are kept as
 * hashes; {@link dev.graft.platform.security.SignedLinks} end by themselves.
 */
@NullMarked
@NamedInterface("security")
package dev.graft.platform.security;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
