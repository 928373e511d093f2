package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import java.io.IOException;
import java.nio.file.Path;

/** Where the trainers of a worker come from. */
@FunctionalInterface
interface Trainers {
  /**
   * @param directory of the run
   * @param errors file that gets what a trainer says to operators
   */
  Trainer start(Lease lease, Path directory, Path errors) throws IOException;
}
