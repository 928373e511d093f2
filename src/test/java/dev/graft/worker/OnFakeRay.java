package dev.graft.worker;

import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** A run on a cluster, whose jobs do what each test says. */
@Timeout(60)
abstract class OnFakeRay {
  static final String EVALUATING = "{\"type\":\"evaluating\",\"step\":0}\n";

  @TempDir Path directory;
  FakeRay ray;
  RunRequest request;
  final List<TrainingEvent> events = new ArrayList<>();

  @BeforeEach
  void aHeadAndARun() throws IOException {
    ray = new FakeRay();
    Path job = Files.createDirectories(directory.resolve("job"));
    Path base = Files.createDirectories(job.resolve("base"));
    Files.writeString(base.resolve("config.json"), "{}");
    Files.writeString(job.resolve("training.jsonl"), "{}\n");
    request =
        new RunRequest(
            JsonMapper.shared().createObjectNode(),
            7,
            new RunRequest.Base(base, "tiny"),
            new RunRequest.Data(job.resolve("training.jsonl"), null),
            new RunRequest.Directories(
                job.resolve("result"), Files.createDirectories(job.resolve("checkpoints")), null),
            null,
            new RunRequest.Machine("ray", 0));
  }

  @AfterEach
  void close() {
    ray.close();
  }

  Trainer trainer(long epoch) throws IOException {
    return trainer(epoch, ray.address(), Duration.ofMinutes(1));
  }

  Trainer trainer(long epoch, @Nullable URI address, Duration patience) throws IOException {
    RayTrainers.RayProperties settings =
        new RayTrainers.RayProperties(
            address,
            FakeRay.TOKEN,
            directory.resolve("shared"),
            2,
            false,
            false,
            "python",
            null,
            patience,
            Duration.ofMillis(5));
    return RayTrainers.of(settings, Duration.ofSeconds(5))
        .start(lease(epoch), directory.resolve("job"), directory.resolve("errors.log"));
  }

  static Lease lease(long epoch) {
    Digest digest = Digest.of(new byte[0]);
    LeaseKey key = new LeaseKey("ftjob-1", epoch, UUID.randomUUID());
    return new Lease(
        key, 60000, 10000, "tiny", digest, digest, null, "{}", 7, List.of(), null, null, null, null,
        null, null);
  }

  int follow(Trainer trainer) throws Exception {
    return trainer.follow(request, events::add);
  }

  static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Consumer<FakeRay.Job> ending(int status) {
    return job -> {
      write(job.directory().resolve("events.jsonl"), EVALUATING);
      write(job.directory().resolve("result/adapter_model.safetensors"), "weights");
      write(job.directory().resolve("end.json"), "{\"status\": %d}".formatted(status));
      job.ends("SUCCEEDED", "Job finished successfully.");
    };
  }

  /** A run under an earlier lease that is still there. */
  FakeRay.Job older(long epoch) throws IOException {
    SharedRun run =
        SharedRun.of(directory.resolve("shared"), new RayJobs.SubmissionId("ftjob-1", epoch));
    run.lay(request);
    String entrypoint = "python --run '%s'".formatted(run.root());
    return ray.begin(
        run.id().toString(), JsonMapper.shared().createObjectNode().put("entrypoint", entrypoint));
  }

  static void link(Path link, Path to) {
    try {
      Files.createDirectories(link.getParent());
      Files.createSymbolicLink(link, to);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<String> list(Path directory) {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void awaitThat(Callable<Boolean> holds) {
    await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(10)).until(holds);
  }
}
