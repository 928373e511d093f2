/**
 * This process among others: its child processes, the loops it runs, the files it holds.
 *
 * <p>A {@link dev.graft.platform.process.ChildJvm} ends with its parent, however that ends. {@link
 * dev.graft.platform.process.LoopThreads} start last and end first, so that what they report to is
 * still there. {@link dev.graft.platform.process.FileLocks} are dropped by the kernel with their
 * process; {@link dev.graft.platform.process.FileTrees} follows no link. A {@link
 * dev.graft.platform.process.ChildProcess} gets no secret of the environment, and where the machine
 * allows it {@link dev.graft.platform.process.Children} have a user of their own and no network
 * ({@link dev.graft.platform.process.ChildConfinement}).
 */
@NullMarked
@NamedInterface("process")
package dev.graft.platform.process;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
