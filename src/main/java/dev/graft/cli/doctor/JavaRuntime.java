package dev.graft.cli.doctor;

import java.util.List;
import java.util.Locale;

/**
 * The Java that runs this, and the platform that its native libraries need.
 *
 * @param feature number of the version, such as 25
 */
record JavaRuntime(int feature, String version, String system, String architecture)
    implements Check {
  private static final int NEEDED = 25;

  public static JavaRuntime here() {
    return new JavaRuntime(
        Runtime.version().feature(),
        Runtime.version() + " in " + System.getProperty("java.home"),
        System.getProperty("os.name"),
        System.getProperty("os.arch"));
  }

  @Override
  public String name() {
    return "java";
  }

  @Override
  public List<CheckResult> findings() {
    return List.of(java(), platform());
  }

  private CheckResult java() {
    return feature >= NEEDED
        ? CheckResult.ok(name(), version)
        : CheckResult.missing(name(), version, "install a JDK 25 and name it in GRAFT_JAVA_HOME");
  }

  private CheckResult platform() {
    String found = system + " " + architecture;
    return found.toLowerCase(Locale.ROOT).equals("linux amd64")
        ? CheckResult.ok("platform", found)
        : CheckResult.missing("platform", found, "use the container image on a linux-x86_64 host");
  }
}
