package dev.graft.cli.doctor;

import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildConfinement.FoundConfinement;
import dev.graft.platform.Children.ChildrenProperties;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Whom children run as and whether they have a network, as this machine allows it.
 *
 * @param directory that they work in
 */
record ChildProcesses(ChildrenProperties settings, Path directory) implements Check {
  @Override
  public String name() {
    return "children";
  }

  @Override
  public List<CheckResult> findings() {
    FoundConfinement found = new ChildConfinement(settings, directory).find(directory);
    List<CheckResult> lacks = new ArrayList<>();
    String user = found.userLack();
    if (user != null) {
      lacks.add(
          CheckResult.warning(name(), "they run as root: " + user, ChildConfinement.USER_CURE));
    }
    String network = found.networkLack();
    if (network != null) {
      lacks.add(
          CheckResult.warning(
              name(), "they have a network: " + network, ChildConfinement.NETWORK_CURE));
    }
    if (!lacks.isEmpty()) return lacks;
    return List.of(
        CheckResult.ok(
            name(),
            "%s, %s"
                .formatted(
                    found.user() == null ? "run as Graft does" : "run as user " + found.user(),
                    found.network() ? "with its network, as set" : "without network")));
  }
}
