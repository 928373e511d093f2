package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.MultipartField;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.JobCreateParams;
import com.openai.models.finetuning.jobs.checkpoints.CheckpointListParams;
import com.openai.services.blocking.finetuning.JobService;
import dev.graft.catalog.BaseModels;
import dev.graft.tiny.LargeTable;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;

/**
 * The table of Gemma 3 270M, 262,144 x 640, fully trained by a job whose trainer has the default
 * heap: 671 MB in f32 and moments of twice that, in each checkpoint. The trainer is killed after
 * its first one. Minutes and some 10 GB of disk, so it runs when it is asked for; {@code
 * LargerThanTheHeapTests} meets the same wall with a smaller table and heap.
 */
class LargeTableProof extends StartedGraft {
  private static final Duration LONG = Duration.ofMinutes(20);
  private static final int TOKENS = 262_144;
  private static final int WIDTH = 640;
  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},"
          + "{\"role\":\"assistant\",\"content\":\"ho\"}]}\n";

  @TempDir private Path directory;
  @Autowired private BaseModels models;
  private OpenAIClient client;
  private long peak;

  @Test
  void checkpointResumeAndResultOfATableLargerThanTheHeap() throws Exception {
    models.register("large", LargeTable.write(directory.resolve("base"), TOKENS, WIDTH, true));
    client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key("large")).build();
    JobService jobs = client.fineTuning().jobs();
    long began = System.nanoTime();
    String id = jobs.create(job()).id();
    await().atMost(LONG).until(() -> checkpoints(id).contains(1L));
    Set<Long> killed = trainers();
    killed.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    FineTuningJob done =
        await()
            .atMost(LONG)
            .pollInterval(Duration.ofMillis(200))
            .until(() -> watched(jobs.retrieve(id)), each -> each.finishedAt().isPresent());
    assertThat(done.status()).as(done.toString()).isEqualTo(FineTuningJob.Status.SUCCEEDED);
    assertThat(killed).as("trainers killed after the first checkpoint").hasSize(1);
    assertThat(checkpoints(id)).contains(1L, 2L, 3L);
    System.out.printf(
        "{\"what\":\"large table\",\"table\":[%d,%d],\"seconds\":%.0f,\"trainer_peak_rss\":%d}%n",
        TOKENS, WIDTH, (System.nanoTime() - began) / 1e9, peak);
  }

  private JobCreateParams job() {
    byte[] rows = ROW.repeat(4).getBytes(StandardCharsets.UTF_8);
    String file =
        client
            .files()
            .create(
                FileCreateParams.builder()
                    .file(
                        MultipartField.<InputStream>builder()
                            .value(new ByteArrayInputStream(rows))
                            .filename("rows.jsonl")
                            .build())
                    .purpose(FilePurpose.FINE_TUNE)
                    .build())
            .id();
    return JobCreateParams.builder()
        .model("large")
        .trainingFile(file)
        .putAdditionalBodyProperty(
            "adapter",
            JsonValue.from(
                Map.of(
                    "method",
                    Map.of("type", "full"),
                    "training",
                    Map.of("max_steps", 4, "save_steps", 1))))
        .build();
  }

  private Set<Long> checkpoints(String job) {
    Set<Long> steps = new TreeSet<>();
    var list = CheckpointListParams.builder().fineTuningJobId(job).build();
    client
        .fineTuning()
        .jobs()
        .checkpoints()
        .list(list)
        .items()
        .forEach(c -> steps.add(c.stepNumber()));
    return steps;
  }

  private FineTuningJob watched(FineTuningJob job) {
    for (long pid : trainers()) peak = Math.max(peak, peakOf(pid));
    return job;
  }

  /** Most that a process has had in memory, in bytes. */
  private static long peakOf(long pid) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(0);
    } catch (IOException gone) {
      return 0;
    }
  }

  private static Set<Long> trainers() {
    Set<Long> trainers = new TreeSet<>();
    ProcessHandle.current()
        .descendants()
        .filter(each -> isTrainer(each.pid()))
        .forEach(each -> trainers.add(each.pid()));
    return trainers;
  }

  private static boolean isTrainer(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/cmdline")).endsWith("\0trainer\0");
    } catch (IOException gone) {
      return false;
    }
  }
}
