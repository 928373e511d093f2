/**
 * Departments, their people, programs and keys; their limits, audit log, retention policies and
 * erasure.
 *
 * <p>A key or a token of the identity provider becomes an {@link dev.graft.tenancy.Identity}: a
 * {@link dev.graft.tenancy.Caller} of one department, or an administrator of none. A {@link
 * dev.graft.tenancy.Permission} opens a route; {@link dev.graft.tenancy.ProjectAccess} says which
 * departments a caller reaches. A key may do what its owner's role allows and its scopes leave.
 * {@link dev.graft.tenancy.AuditLog} records who did what, in the same transaction.
 *
 * <p>Retention: modules declare what they keep ({@link dev.graft.tenancy.Retained}); a sweep writes
 * a notice for what a policy will remove, days ahead, and removes it when the notice is due.
 * Removing locks the thing first and then ends its notice, so of a removal and a withdrawal one
 * wins.
 *
 * <p>Erasure of an archived department is leased work in four steps: jobs are cancelled and their
 * workers fenced, rows are deleted in batches, table by table as PostgreSQL's catalog lists them,
 * then the department itself; a signed certificate counts all of it. A batch and its count are one
 * transaction under the claim, so nothing is counted twice.
 *
 * <p>How it fails: another department's things look as if they did not exist. {@code
 * department.running} is moved only by module jobs, under the row's lock, which is what holds
 * {@code max_running} when many workers claim at once.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"platform", "platform :: database", "platform :: work", "artifacts"})
package dev.graft.tenancy;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
