/**
 * Departments, their people, programs and keys: who is calling and what they may do.
 *
 * <p>A key or a token of the identity provider becomes an {@link dev.graft.tenancy.Identity}
 * ({@code access}): a {@link dev.graft.tenancy.Caller} of one department, or an {@link
 * dev.graft.tenancy.Identity.Administrator} of none. A {@link dev.graft.tenancy.Permission} opens a
 * route; {@link dev.graft.tenancy.ProjectAccess} says which departments a caller reaches. A key may
 * do what its owner's {@link dev.graft.tenancy.Role} allows and its scopes leave. {@link
 * dev.graft.tenancy.AuditLog} writes down who did what, in the transaction of what it tells.
 *
 * <p>How it fails: another department's things look as if they did not exist. {@code
 * department.running} is moved by {@code jobs.queue} alone, under the row's lock, which is what
 * holds {@code max_running} when many workers claim at once.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "platform :: *"})
package dev.graft.tenancy;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
