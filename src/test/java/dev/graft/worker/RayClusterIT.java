package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.QueueServer.Submitted;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Jobs of two devices through a server, a worker process and a real Ray cluster of two CPUs. Only
 * the profile {@code ray} runs this.
 */
@Tag("ray")
class RayClusterIT extends OnCluster {
  /** Greedy, by transformers and peft alone. */
  private static final String ASKED =
      """
      import sys
      from peft import PeftModel
      from transformers import AutoModelForCausalLM, AutoTokenizer
      base, adapter, said, count = sys.argv[1:]
      words = AutoTokenizer.from_pretrained(base)
      model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)
      ids = words.apply_chat_template(
          [{"role": "user", "content": said}], add_generation_prompt=True,
          return_tensors="pt", return_dict=True)
      made = model.generate(**ids, max_new_tokens=int(count), do_sample=False)
      print()
      print(words.decode(made[0, ids["input_ids"].shape[1]:], skip_special_tokens=True))
      """;

  @Test
  void twoDevicesTrainWhatOneWouldAndTheAdapterAnswersChats() throws Exception {
    worker("one");
    String untrained = chat("tiny", "say 3");
    String job = submit("tiny", Map.of("num_train_epochs", 12, "save_steps", 4));
    await().atMost(LONG).until(() -> state(job).equals("succeeded"));
    requireLosses(job, base, Map.of("num_train_epochs", 12), 1e-4);
    assertThat(get("/v1/fine_tuning/jobs/" + job + "/checkpoints").path("data")).isNotEmpty();
    assertThat(outcomes(job)).containsExactly("completed");
    Path adapter = downloaded();
    assertThat(adapter.resolve("adapter_config.json"))
        .content()
        .contains("\"base_model_name_or_path\": \"tiny\"");
    String model = get("/v1/fine_tuning/jobs/" + job).path("fine_tuned_model").asString("");
    String answer = chat(model, "say 3");
    assertThat(answer)
        .isEqualTo(python(ASKED, base, adapter, "say 3", TOKENS))
        .isNotEqualTo(untrained)
        .startsWith("blue");
    await()
        .atMost(LONG)
        .until(() -> submissions().stream().allMatch(RayJobs.RayJob::ended) && runs().isEmpty());
    assertThat(head.trainers()).isEmpty();
  }

  @Test
  void killedWorkersRunsAndHeadsLoseNothing() throws Exception {
    Map<String, Object> training =
        Map.of("max_steps", 1200, "save_steps", 10, "loss_spike_guard", false);
    Process first = worker("one");
    String job = submit("tiny", training);
    await().atMost(LONG).until(() -> step(job) > 3);
    String submission = submissions().getFirst().submissionId();
    first.destroyForcibly().waitFor();
    worker("two");
    await().atMost(LONG).until(() -> step(job) > 30);
    assertThat(submissions()).as("adopted").hasSize(1);
    assertThat(submissions().getFirst().submissionId()).isEqualTo(submission);

    head.jobs().stop(RayJobs.SubmissionId.read(submission).orElseThrow());
    await().atMost(LONG).until(() -> submissions().stream().anyMatch(each -> !each.ended()));
    await().atMost(LONG).until(() -> told(job).contains("continues after step"));
    assertThat(submissions()).filteredOn(each -> !each.ended()).hasSize(1);

    head.kill();
    head.begin();
    await().atMost(LONG).until(() -> state(job).equals("succeeded"));
    requireLosses(job, base, training, 1e-3);
    assertThat(outcomes(job)).containsExactly("lost", "failed", "failed", "completed");
    assertThat(told(job))
        .contains("The worker was lost")
        .containsPattern("(?s)The trainer was killed.*The trainer was killed");
    Submitted row = new Submitted(departments.ensure("research"), job);
    assertThat(server.failures(row)).as("none is a failed attempt").isZero();
    assertThat(server.violations()).isEmpty();
    await().atMost(LONG).until(() -> runs().isEmpty() && head.trainers().isEmpty());
  }

  @Test
  void pauseAndCancelAreHeardSoon() throws Exception {
    worker("one");
    String job = submit("tiny", Map.of("max_steps", 100_000, "save_steps", 0));
    await().atMost(LONG).until(() -> step(job) > 3);
    post("/v1/fine_tuning/jobs/" + job + "/pause");
    await().atMost(SOON).until(() -> state(job).equals("paused") && head.trainers().isEmpty());
    int paused = step(job);
    post("/v1/fine_tuning/jobs/" + job + "/resume");
    await().atMost(LONG).until(() -> step(job) > paused + 3);
    assertThat(told(job)).contains("continues after step " + paused);
    post("/v1/fine_tuning/jobs/" + job + "/cancel");
    await().atMost(SOON).until(() -> state(job).equals("cancelled") && head.trainers().isEmpty());
    assertThat(outcomes(job)).containsExactly("released", "released");
    assertThat(secondsBetween(job, "Pause requested", "Fine-tuning job paused"))
        .isLessThanOrEqualTo(SOON.toSeconds());
    assertThat(secondsBetween(job, "Cancellation requested", "Fine-tuning job cancelled"))
        .isLessThanOrEqualTo(SOON.toSeconds());
    await().atMost(LONG).until(() -> runs().isEmpty());
  }

  @Test
  void aRunThatNobodyFollowsEndsByItselfAndIsGoneOnFrom() throws Exception {
    Map<String, Object> training =
        Map.of("max_steps", 1200, "save_steps", 0, "loss_spike_guard", false);
    Process first = worker("one", Map.of("GRAFT_WORKER_RAY_PATIENCE", "8s"));
    String job = submit("tiny", training);
    await().atMost(LONG).until(() -> step(job) > 3);
    first.destroyForcibly().waitFor();
    await().atMost(LONG).until(() -> submissions().getFirst().ended());
    int last =
        SharedRun.RunFiles.newestCheckpoint(SharedRun.all(shared()).getFirst().checkpoints());
    assertThat(last).isPositive();
    worker("two");
    await().atMost(LONG).until(() -> state(job).equals("succeeded"));
    // When the worker was lost, the server knew of no checkpoint: the run made it alone.
    assertThat(told(job)).contains("no checkpoint yet", "continues after step " + last);
    assertThat(submissions()).hasSize(2);
    requireLosses(job, base, training, 1e-3);
    assertThat(outcomes(job)).containsExactly("lost", "completed");
  }
}
