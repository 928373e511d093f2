package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.ExpectedLog;
import dev.graft.kernels.CudaWatch.CudaUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers in the form that NVIDIA documents; none was recorded on a machine with a GPU yet. */
class CudaWatchTests {
  private static final String A100 = "GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f";
  private static final String L4 = "GPU-8a1f4c9e-0000-4b1a-9c55-1b2f3c4d5e6f";
  private static final String PART = "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f";
  private static final long SECOND = 1_000_000_000;

  @TempDir private Path directory;
  private final AtomicLong clock = new AtomicLong(-7 * SECOND);

  private CudaWatch watch(String script) throws IOException {
    return watch(script, 20);
  }

  private CudaWatch watch(String script, long patience) throws IOException {
    Path program = directory.resolve("nvidia-smi");
    Files.writeString(program, "#!/bin/sh\necho x >> " + directory + "/asked\n" + script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new CudaWatch(new NvidiaSmi(List.of(directory), patience), clock::get);
  }

  private long asked() throws IOException {
    Path file = directory.resolve("asked");
    return Files.exists(file) ? Files.readAllLines(file).size() : 0;
  }

  private static @Nullable CudaUse first(CudaWatch watch) {
    return await().until(() -> watch.of(A100), use -> use != null);
  }

  @Test
  void eachGpuIsToldAndAPartOfOneIsNot() throws IOException {
    CudaWatch watch =
        watch(
            """
            echo "%s, 40536, 81920, 97"
            echo "%s, 512, [N/A], [N/A]"
            echo "Unable to determine the device handle for GPU0000:03:00.0: Unknown Error"
            echo "%s, 1, 2, 3, 4"
            """
                .formatted(A100, L4, PART));
    assertThat(first(watch)).isEqualTo(new CudaUse(40536L << 20, 81920L << 20, 97.0));
    assertThat(watch.of(L4)).isEqualTo(new CudaUse(512L << 20, null, null));
    assertThat(watch.of(PART)).isNull();
  }

  @Test
  void itIsAskedForWhatItTells() throws IOException {
    first(watch("echo \"$@\" > %s/arguments; echo '%s, 1, 2, 3'".formatted(directory, A100)));
    assertThat(directory.resolve("arguments"))
        .hasContent("--query-gpu=" + CudaUse.FIELDS + " --format=csv,noheader,nounits");
  }

  @Test
  void anAnswerHoldsForTenSecondsAndIsForgottenAfterAMinute() throws IOException {
    CudaWatch watch =
        watch("[ -e %s/broken ] && exit 9; echo '%s, 7, 80, 0'".formatted(directory, A100));
    first(watch);
    clock.addAndGet(9 * SECOND);
    assertThat(watch.of(A100)).isNotNull();
    assertThat(asked()).isOne();
    Files.createFile(directory.resolve("broken"));
    try (ExpectedLog log = ExpectedLog.of(CudaWatch.class, "gpu_use_unknown")) {
      clock.addAndGet(SECOND);
      assertThat(watch.of(A100)).as("until there is a newer one").isNotNull();
      await().until(() -> !log.seen().isEmpty());
      clock.addAndGet(60 * SECOND);
      assertThat(watch.of(A100)).isNull();
      await().until(() -> asked() == 3);
      assertThat(log.seen()).as("said once").hasSize(1);
    }
  }

  /** Whoever asks is not kept, and there is one process however often it is asked. */
  @Test
  void aDriverThatHangsKeepsNobody() throws IOException {
    Path pipe = directory.resolve("pipe");
    CudaWatch watch = watch("mkfifo %s; exec cat %s".formatted(pipe, pipe), 3);
    try (ExpectedLog log = ExpectedLog.of(CudaWatch.class, "gpu_use_unknown")) {
      for (int i = 0; i < 20; i++) {
        assertThat(watch.of(A100)).isNull();
        clock.addAndGet(10 * SECOND);
      }
      await().until(() -> !log.seen().isEmpty());
      assertThat(asked()).isOne();
    }
  }
}
