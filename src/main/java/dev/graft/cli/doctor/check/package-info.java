/**
 * What a check is, and what it tells: a {@link dev.graft.cli.doctor.check.Check} looks at one thing
 * without changing it and returns {@link dev.graft.cli.doctor.check.CheckResult}s, each with a cure
 * if something is not well, and never with a secret.
 */
@NullMarked
package dev.graft.cli.doctor.check;

import org.jspecify.annotations.NullMarked;
