package dev.graft.cli.doctor;

import java.io.IOException;
import java.util.List;

/** Looks at one thing without changing it. */
interface Check {
  /** One finding or more, in the order in which they are told; none if it does not apply. */
  List<CheckResult> findings() throws IOException;

  /** What its first finding is called. */
  String name();
}
