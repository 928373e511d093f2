package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as Linux has them. */
class MemoryKillsTests {
  private static final String EVENTS =
      "low 0\nhigh 2\nmax 9\noom 4\noom_kill %d\noom_group_kill 0\n";

  @TempDir private Path root;

  @Test
  void version2CountsInTheCgroupOfTheProcess() throws IOException {
    write("proc/self/cgroup", "0::/system.slice/graft.service\n");
    write("sys/system.slice/graft.service/memory.events", EVENTS.formatted(3));
    write("proc/vmstat", "nr_free_pages 1\noom_kill 70\n");
    assertThat(kills()).isEqualTo(3);
  }

  @Test
  void aContainerSeesItsCgroupAsTheRoot() throws IOException {
    write("proc/self/cgroup", "0::/kubepods.slice/pod.slice/cri-1.scope\n");
    write("sys/memory.events", EVENTS.formatted(1));
    assertThat(kills()).isEqualTo(1);
    write("proc/self/cgroup", "0::/\n");
    assertThat(kills()).isEqualTo(1);
  }

  @Test
  void version1HasAControllerOfItsOwn() throws IOException {
    write("proc/self/cgroup", "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n0::/\n");
    write(
        "sys/memory/docker/1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
    assertThat(kills()).isEqualTo(2);
  }

  @Test
  void withoutCgroupThoseOfTheMachineCount() throws IOException {
    write("proc/self/cgroup", "0::/\n");
    write("proc/vmstat", "nr_free_pages 1\noom_kill 7\n");
    assertThat(kills()).isEqualTo(7);
  }

  @Test
  void whereNothingCountsThereAreNone() throws IOException {
    assertThat(kills()).isZero();
    write("proc/self/cgroup", "not a cgroup\n");
    assertThat(kills()).isZero();
  }

  private long kills() {
    return new RunEnd.MemoryKills(root.resolve("proc"), root.resolve("sys")).count();
  }

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }
}
