package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.kernels.NvidiaSmi.SmiAnswer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NvidiaSmiTests {
  @TempDir private Path directory;

  private SmiAnswer ask(String script) throws IOException {
    Path program = directory.resolve("nvidia-smi");
    Files.writeString(program, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new NvidiaSmi(List.of(directory.resolve("absent"), directory), 20).ask();
  }

  @Test
  void itIsAskedForTheRowsAndForTheList() throws IOException {
    assertThat(ask("[ \"$1\" = -L ] && echo 'GPU 0: X' || echo \"$@\""))
        .isEqualTo(
            new SmiAnswer.Answered(
                "--query-gpu=" + NvidiaSmi.FIELDS + " --format=csv,noheader,nounits\n",
                "GPU 0: X\n"));
  }

  @Test
  void whatItSaysWhereItFailsIsTheReason() throws IOException {
    assertThat(ask("echo; echo ' Failed to initialize NVML' >&2; exit 18"))
        .isEqualTo(new SmiAnswer.Failed("Failed to initialize NVML"));
    assertThat(ask("exit 9")).isEqualTo(new SmiAnswer.Failed("it ended with exit status 9"));
    assertThat(ask("kill -SEGV $$")).isInstanceOf(SmiAnswer.Failed.class);
  }

  @Test
  void oneThatHangsIsLeft() throws IOException {
    Path program = directory.resolve("nvidia-smi");
    Files.writeString(program, "#!/bin/sh\nexec tail -f /dev/null");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(new NvidiaSmi(List.of(directory), 1).ask())
        .isEqualTo(new SmiAnswer.Failed("it did not end within 1 s"));
  }

  @Test
  void oneThatIsNotThereIsMissing() {
    assertThat(new NvidiaSmi(List.of(directory), 20).ask()).isEqualTo(new SmiAnswer.Missing());
  }
}
