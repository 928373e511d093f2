package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildJvmTests {
  private static final List<String> OF_A_SERVER =
      List.of("-XX:+UseSerialGC", "-XX:AOTCache=/opt/graft/server.aot");

  @TempDir private Path directory;

  @Test
  void aChildUsesTheCacheOfTrainersWhereItsParentUsesOne() throws IOException {
    Path cache = Files.createFile(directory.resolve("trainer.aot"));
    assertThat(ChildJvm.aotCache(cache, OF_A_SERVER))
        .containsExactly("-XX:AOTCache=" + cache, "-Xlog:aot*=off", "-Xlog:cds*=off");
  }

  @Test
  void noneIsUsedThatIsNotThereOrThatTheLauncherDidNotAllow() throws IOException {
    Path cache = directory.resolve("trainer.aot");
    assertThat(ChildJvm.aotCache(cache, OF_A_SERVER)).isEmpty();
    Files.createFile(cache);
    assertThat(ChildJvm.aotCache(cache, List.of("-Xshare:off"))).isEmpty();
  }
}
