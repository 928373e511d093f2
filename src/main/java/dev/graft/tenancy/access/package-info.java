/**
 * Who a request is from, and which routes open to them.
 *
 * <p>{@link dev.graft.tenancy.access.KeyAuthenticator} turns a key into a {@link
 * dev.graft.tenancy.Caller} or an {@link dev.graft.tenancy.Administrator}, {@link
 * dev.graft.tenancy.access.PersonAuthenticator} a token of the identity provider, and {@link
 * dev.graft.tenancy.access.WebSessions} are tokens of browsers that have signed in with a key.
 * {@link dev.graft.tenancy.access.RoutePermissions} has, in one table, the {@link
 * dev.graft.tenancy.Permission} that opens a route.
 *
 * <p>How it fails: a key that is unknown, expired or revoked, or whose owner or department is gone,
 * opens nothing from the next request on: nothing is cached. A route without a permission is closed
 * to everyone. Refusals are written to the audit log ({@link
 * dev.graft.tenancy.access.DeniedAccess}).
 */
@NullMarked
@NamedInterface("access")
package dev.graft.tenancy.access;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
