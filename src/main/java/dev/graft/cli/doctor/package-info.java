/**
 * {@code graft doctor}: whether this machine, and the Graft that is installed on it, is fit to
 * serve or to work, and what to do where it is not.
 *
 * <p>{@link dev.graft.cli.doctor.Examination} runs the {@link dev.graft.cli.doctor.Check}s of the
 * machine, the database and the servers in their order, and makes a {@link
 * dev.graft.cli.doctor.DoctorReport} of what they found. The settings are read as {@code serve}
 * reads them, but no server is made of them. A check changes nothing: what it makes to try
 * something is removed again, and a Graft that runs meanwhile is not disturbed.
 *
 * <p>How it fails: not at all; a check that throws becomes a warning, and libtorch is loaded by a
 * child process, which may crash.
 */
@NullMarked
package dev.graft.cli.doctor;

import org.jspecify.annotations.NullMarked;
