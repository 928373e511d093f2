package dev.graft.catalog;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.hub.HubDouble;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code graft models add} of a private model of {@code -Dgraft.test.mib} (1024) MiB, killed at ten
 * moments. Takes minutes and four times its size of memory and disk, so it runs when it is asked
 * for.
 */
class HubKillProof {
  private static final String TOKEN = "hf_the-token-of-the-proof";
  private static final int KILLS = 10;
  private static final long LARGE = 64 << 20;

  /** What a connection holds that nobody reads any more. */
  private static final long BUFFERED = 8 << 20;

  @TempDir private Path root;

  @Test
  void anImportThatIsKilledTenTimesIsGoneOnWith() throws Exception {
    try (HubDouble hub = new HubDouble()) {
      long size = model(hub);
      AtomicLong all = new AtomicLong();
      List<Long> moments = moments(size);
      for (int i = 0; i < KILLS; i++) {
        long moment = moments.get(i);
        Process importing = importing(hub, "killed-" + i);
        hub.sent =
            bytes -> {
              if (all.addAndGet(bytes) >= moment) importing.destroyForcibly();
            };
        assertThat(importing.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(importing.exitValue()).as("killed at byte " + all).isEqualTo(137);
        assertThat(ended(graft("list-" + i, null, "models", "list"), "list-" + i)).isEmpty();
      }
      hub.sent = all::addAndGet;

      String said = ended(importing(hub, "last"), "last");

      assertThat(said).startsWith("large\tllama\t");
      assertThat(all.get()).as("what was sent in all").isLessThan(size + KILLS * BUFFERED);
      assertThat(root.resolve("data/hub-downloads/acme--large")).doesNotExist();
      assertThat(filesWith(TOKEN)).isEmpty();
    }
  }

  /** The last is when all has been sent, and is checked and registered. */
  private static List<Long> moments(long size) {
    Random random = new Random(20_261_128);
    List<Long> moments = new ArrayList<>();
    for (int i = 1; i < KILLS; i++) moments.add((long) (size * (i - random.nextDouble()) / KILLS));
    moments.add(size);
    return moments;
  }

  /** Puts it into the hub; its bytes. */
  private long model(HubDouble hub) throws IOException {
    ObjectNode config = TinyModels.config();
    int hidden = 512;
    long floats = (Long.getLong("graft.test.mib", 1024) << 20) / 4;
    config.put("hidden_size", hidden).put("vocab_size", floats / hidden);
    Path model = TinyModels.write(root.resolve("model"), config);
    Files.writeString(model.resolve("tokenizer.json"), "{}");
    hub.add("acme/large", model, TOKEN);
    long bytes = 0;
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) bytes += Files.size(file);
    }
    return bytes;
  }

  private Process importing(HubDouble hub, String log) throws IOException {
    return graft(log, hub, "models", "add", "large", "--from", "hf:acme/large");
  }

  private Process graft(String log, @Nullable HubDouble hub, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
    command.addAll(List.of(System.getProperty("java.class.path"), "dev.graft.cli.GraftCommand"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--data-dir", root.resolve("data").toString()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("HF_"));
    if (hub != null) {
      builder.environment().put("HF_ENDPOINT", hub.url().toString());
      builder.environment().put("HF_TOKEN", TOKEN);
      builder.environment().put("HF_HOME", root.resolve("none").toString());
    }
    builder.redirectOutput(root.resolve(log + ".out").toFile());
    return builder.redirectError(root.resolve(log + ".err").toFile()).start();
  }

  private String ended(Process process, String log) throws Exception {
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(root.resolve(log + ".err"))).isZero();
    return Files.readString(root.resolve(log + ".out"));
  }

  /** Weights aside. */
  private List<Path> filesWith(String text) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        if (Files.size(file) < LARGE && Files.readString(file, ISO_8859_1).contains(text)) {
          found.add(file);
        }
      }
    }
    return found;
  }
}
