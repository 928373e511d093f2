/**
 * What departments may use, as administrators have said: quotas, request rates, base models, and
 * what device time costs.
 *
 * <p>{@link dev.graft.tenancy.limits.DepartmentLimits} answers with what an administrator has said
 * or else the operator's default. Modules that count something supply a {@link
 * dev.graft.tenancy.limits.QuotaUsage}. {@link dev.graft.tenancy.limits.RateLimits} keeps its
 * buckets as rows, so they hold over all servers.
 *
 * <p>How it fails: who has used up a limit is told 429, by the module that counts it.
 */
@NullMarked
@NamedInterface("limits")
package dev.graft.tenancy.limits;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
