/**
 * The audit log as administrators read it, in the form of OpenAI's.
 *
 * <p>Entries are written by {@link dev.graft.tenancy.AuditLog}; here they are asked for ({@link
 * dev.graft.tenancy.audit.AuditQuery}) and answered page by page, newest first. The database lets
 * nobody change or remove one.
 */
@NullMarked
package dev.graft.tenancy.audit;

import org.jspecify.annotations.NullMarked;
