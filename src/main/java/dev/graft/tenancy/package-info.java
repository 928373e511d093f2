/**
 * Departments, their people, programs and keys: who is calling and what they may do.
 *
 * <p>How it works: {@link dev.graft.tenancy.KeyAuthenticator} turns a key into an {@link
 * dev.graft.tenancy.Identity}: a {@link dev.graft.tenancy.Caller} of one department, or an {@link
 * dev.graft.tenancy.Administrator} of none. {@link dev.graft.tenancy.RoutePermissions} has, in one
 * table, the {@link dev.graft.tenancy.Permission} that opens a route; {@link
 * dev.graft.tenancy.ProjectAccess} says which departments a caller reaches. A key may do what its
 * owner's {@link dev.graft.tenancy.Role} allows and its scopes leave.
 *
 * <p>How it fails: a key is 256 random bits, shown once; the row holds its SHA-256, which is also
 * how it is found. A key that is unknown, expired or revoked, or whose owner or department is gone,
 * opens nothing from the next request on: nothing is cached. A route without a permission is closed
 * to everyone. {@code department.running} is moved by the job ledger alone, under the row's lock,
 * which is what holds {@code max_running} when many workers claim at once.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform"})
package dev.graft.tenancy;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
