/**
 * {@code graft doctor}: checks whether this machine and its installation of Graft can run a server
 * or a worker, and suggests a fix for each problem.
 *
 * <p>{@link dev.graft.cli.doctor.Examination} runs the {@link dev.graft.cli.doctor.Check}s of the
 * machine, the database and the servers in order and collects their findings in a {@link
 * dev.graft.cli.doctor.DoctorReport}. The settings are read as {@code serve} reads them, without
 * starting a server. Checks change nothing: temporary files are removed, and a running Graft is not
 * disturbed.
 *
 * <p>The command itself does not fail: a check that throws becomes a warning, and libtorch is
 * loaded by a child process, which may crash.
 */
@NullMarked
package dev.graft.cli.doctor;

import org.jspecify.annotations.NullMarked;
