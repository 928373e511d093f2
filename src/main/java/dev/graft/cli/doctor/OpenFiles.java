package dev.graft.cli.doctor;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;

/**
 * How many files and connections a process may have open.
 *
 * @param limit negative if it is not known
 * @param wanted by a server with many clients
 */
record OpenFiles(long limit, long wanted) implements Check {
  public static OpenFiles here(long wanted) {
    return new OpenFiles(
        ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
            ? unix.getMaxFileDescriptorCount()
            : -1,
        wanted);
  }

  @Override
  public String name() {
    return "open-files";
  }

  @Override
  public List<CheckResult> findings() {
    if (limit < 0) return List.of();
    String detail = "a process may have %d open".formatted(limit);
    return List.of(
        limit >= wanted
            ? CheckResult.ok(name(), detail)
            : CheckResult.warning(
                name(), detail, "raise it: ulimit -n 65536, or LimitNOFILE=65536 of the service"));
  }
}
