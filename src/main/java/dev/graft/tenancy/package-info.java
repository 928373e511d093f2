/**
 * Departments, their keys and their quotas: who is calling and how much they may use.
 *
 * <p>A key is 256 random bits, shown once; the row holds its SHA-256, which is also how it is
 * found. A key that is unknown, expired or revoked opens nothing from the next request on: nothing
 * is cached. {@code department.running} is moved by the job ledger alone, under the row's lock,
 * which is what holds {@code max_running} when many workers claim at once.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform"})
package dev.graft.tenancy;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
