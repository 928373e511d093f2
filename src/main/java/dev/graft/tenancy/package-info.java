/**
 * Departments, their people, programs and keys; their limits, audit log, retention policies and
 * erasure.
 *
 * <p>A key or a token of the identity provider becomes an {@link dev.graft.tenancy.Identity}: a
 * {@link dev.graft.tenancy.Caller} of one department, or an administrator of none. A {@link
 * dev.graft.tenancy.Permission} gives access to a route; {@link dev.graft.tenancy.ProjectAccess}
 * decides which departments a caller reaches. A key has the permissions that are both in its
 * owner's role and in its scopes. {@link dev.graft.tenancy.AuditLog} records who did what, in the
 * same transaction.
 *
 * <p>Retention: modules declare what they keep ({@link dev.graft.tenancy.Retained}); a sweep writes
 * a notice of each thing days before a policy removes it, and removes the thing when the notice is
 * due. A removal locks the thing and then deletes its notice, so it cannot race with a withdrawal.
 *
 * <p>Erasure of an archived department is leased work in four steps: jobs are cancelled and their
 * workers fenced, rows are deleted in batches, table by table as PostgreSQL's catalog lists them,
 * then the department itself; a signed certificate counts all of it. A batch and its count are one
 * transaction under the claim, so nothing is counted twice.
 *
 * <p>How it fails: another department's things seem not to exist. {@code department.running} is
 * moved only by module jobs, under the row's lock, so that {@code max_running} holds when many
 * workers claim at once.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"platform", "platform :: database", "platform :: work", "artifacts"})
package dev.graft.tenancy;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
