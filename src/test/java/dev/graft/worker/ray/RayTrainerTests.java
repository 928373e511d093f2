package dev.graft.worker.ray;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.platform.MachineLacks;
import dev.graft.training.protocol.ProtocolLines;
import dev.graft.training.protocol.RunRequest;
import dev.graft.training.protocol.TrainerDirective;
import dev.graft.training.protocol.TrainingEvent;
import dev.graft.worker.run.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** A run on a cluster, whose jobs do what each test says. */
@Timeout(60)
class RayTrainerTests {
  private static final String EVALUATING = "{\"type\":\"evaluating\",\"step\":0}\n";

  @TempDir Path directory;
  private FakeRay ray;
  private RunRequest request;
  private final List<TrainingEvent> events = new ArrayList<>();

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

  private Trainer trainer(long epoch) throws IOException {
    return trainer(epoch, ray.address(), Duration.ofMinutes(1));
  }

  private Trainer trainer(long epoch, @Nullable URI address, Duration patience) throws IOException {
    RayProperties settings =
        new RayProperties(
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

  private static Lease lease(long epoch) {
    Digest digest = Digest.of(new byte[0]);
    LeaseKey key = new LeaseKey("ftjob-1", epoch, UUID.randomUUID());
    return new Lease(
        key, 60000, 10000, "tiny", digest, digest, null, "{}", 7, List.of(), null, null, null,
        null);
  }

  private int follow(Trainer trainer) throws Exception {
    return trainer.follow(request, events::add);
  }

  private static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Consumer<FakeRay.Job> ending(int status) {
    return job -> {
      write(job.directory().resolve("events.jsonl"), EVALUATING);
      write(job.directory().resolve("result/adapter_model.safetensors"), "weights");
      write(job.directory().resolve("end.json"), "{\"status\": %d}".formatted(status));
      job.ends("SUCCEEDED", "Job finished successfully.");
    };
  }

  /** A run under an earlier lease that is still there. */
  private FakeRay.Job older(long epoch) throws IOException {
    SharedRun run = SharedRun.of(directory.resolve("shared"), new SubmissionId("ftjob-1", epoch));
    run.lay(request);
    String entrypoint = "python --run '%s'".formatted(run.root());
    return ray.begin(
        run.id().toString(), JsonMapper.shared().createObjectNode().put("entrypoint", entrypoint));
  }

  @Test
  void aRunIsSubmittedFollowedAndTakenOver() throws Exception {
    ray.onSubmission(
        job -> {
          Path run = job.directory();
          RunRequest said = ProtocolLines.readRequest(read(run.resolve("request.json")));
          assertThat(said.base().directory().resolve("config.json")).hasContent("{}");
          assertThat(said.seed()).isEqualTo(7);
          assertThat(job.request.path("entrypoint").asString(""))
              .isEqualTo(
                  "'python' -m graft_ray.on_ray --run '%s' --workers 1 --patience 60"
                      .formatted(run));
          write(run.resolve("checkpoints/step-00000002/checkpoint.json"), "kept");
          String checkpoint =
              "{\"type\":\"checkpoint\",\"step\":2,\"directory\":\"/etc\"}\nnonsense\n"
                  + "{\"type\":\"checkpoint\",\"step\":1,\"directory\":\"gone\"}\n";
          write(run.resolve("events.jsonl"), EVALUATING + checkpoint);
          ending(0).accept(job);
        });
    Trainer trainer = trainer(1);
    assertThat(follow(trainer)).isZero();
    Path checkpoint = request.directories().checkpoints().resolve("step-00000002");
    assertThat(events)
        .containsExactly(
            new TrainingEvent.Evaluating(0),
            new TrainingEvent.Checkpoint(2, checkpoint.toString()),
            new TrainingEvent.Evaluating(0));
    assertThat(checkpoint.resolve("checkpoint.json")).hasContent("kept");
    assertThat(request.directories().output().resolve("adapter_model.safetensors"))
        .hasContent("weights");
    trainer.close();
    awaitThat(() -> list(directory.resolve("shared/runs")).isEmpty());
  }

  @Test
  void aLinkInTheResultIsNotFollowed() throws Exception {
    Path secret = Files.writeString(directory.resolve("secret"), "secret");
    ray.onSubmission(
        job -> {
          link(job.directory().resolve("result/README.md"), secret);
          link(job.directory().resolve("result/more"), directory);
          ending(0).accept(job);
        });
    assertThat(follow(trainer(1))).isZero();
    assertThat(list(request.directories().output())).containsExactly("adapter_model.safetensors");
  }

  @Test
  void directivesReachTheRunAndItsStatusIsTheTrainers() throws Exception {
    Trainer trainer = trainer(1);
    ray.onSubmission(
        job -> {
          trainer.send(TrainerDirective.CHECKPOINT);
          trainer.send(TrainerDirective.STOP_AFTER_CHECKPOINT);
          Path directives = job.directory().resolve("directives.jsonl");
          Thread.ofVirtual()
              .start(
                  () -> {
                    awaitThat(() -> Files.exists(directives) && read(directives).contains("stop_"));
                    ending(10).accept(job);
                  });
        });
    assertThat(follow(trainer)).isEqualTo(10);
  }

  @Test
  void aJobThatDiesWithoutAWordIsALostWorkerWithItsReasonInTheLog() throws Exception {
    ray.onSubmission(job -> job.ends("FAILED", "Job entrypoint command failed with exit code 1"));
    assertThat(follow(trainer(1))).isEqualTo(137);
    assertThat(directory.resolve("errors.log"))
        .content()
        .contains("FAILED: Job entrypoint command failed with exit code 1")
        .contains("ModuleNotFoundError: graft_ray");
    ray.forgetAll();
    ray.onSubmission(job -> ray.forgetAll());
    assertThat(follow(trainer(2))).isEqualTo(137);
  }

  @Test
  void anAnswerThatIsLostMakesNoSecondRun() throws Exception {
    ray.losesAnswersToSubmissions();
    List<String> begun = new ArrayList<>();
    ray.onSubmission(
        job -> {
          begun.add(job.id);
          ending(0).accept(job);
        });
    assertThat(follow(trainer(1))).isZero();
    assertThat(begun).containsExactly("graft-ftjob-1-e1");
  }

  @Test
  void aRunThatSurvivedItsWorkerIsAdoptedAndThoseBeforeItEnd() throws Exception {
    FakeRay.Job oldest = older(1);
    FakeRay.Job survivor = older(3);
    ray.onSubmission(job -> assertThat(job.id).as("nothing new").isEmpty());
    ending(0).accept(survivor);
    assertThat(follow(trainer(5))).isZero();
    assertThat(events).containsExactly(new TrainingEvent.Evaluating(0));
    assertThat(oldest.status).isEqualTo("STOPPED");
    assertThat(ray.known()).containsExactly(oldest.id, survivor.id);
    assertThat(list(directory.resolve("shared/runs"))).containsExactly(survivor.id);
  }

  @Test
  void aRunThatWasStoppedIsNotAdopted() throws Exception {
    FakeRay.Job stopped = older(1);
    ending(10).accept(stopped);
    ray.onSubmission(ending(0));
    assertThat(follow(trainer(2))).isZero();
    assertThat(ray.known()).containsExactly(stopped.id, "graft-ftjob-1-e2");
  }

  @Test
  void theCheckpointOfARunThatEndedUnfollowedIsSentAndGoneOnFrom() throws Exception {
    FakeRay.Job left = older(1);
    write(left.directory().resolve("checkpoints/step-00000020/checkpoint.json"), "kept");
    String told = "{\"type\":\"checkpoint\",\"step\":20,\"directory\":\"\"}\n";
    write(left.directory().resolve("events.jsonl"), told);
    ending(10).accept(left);
    List<Path> resumed = new ArrayList<>();
    ray.onSubmission(
        job -> {
          String line = read(job.directory().resolve("request.json"));
          Path from = ProtocolLines.readRequest(line).directories().resumeFrom();
          assertThat(from).isNotNull();
          assertThat(from.resolve("checkpoint.json")).hasContent("kept");
          resumed.add(from);
          ending(0).accept(job);
        });
    assertThat(follow(trainer(2))).isZero();
    assertThat(resumed).hasSize(1);
    Path ours = request.directories().checkpoints().resolve("step-00000020");
    assertThat(events).startsWith(new TrainingEvent.Checkpoint(20, ours.toString()));
    assertThat(list(directory.resolve("shared/runs"))).containsExactly("graft-ftjob-1-e2");
  }

  @Test
  void aRunThatTheClusterHasForgottenIsTakenOverIfItIsDoneAndElseItsDirectoryGoes()
      throws Exception {
    older(1);
    FakeRay.Job done = older(2);
    ending(0).accept(done);
    ray.forgetAll();
    ray.onSubmission(job -> assertThat(job.id).as("nothing new").isEmpty());
    assertThat(follow(trainer(4))).isZero();
    assertThat(events).containsExactly(new TrainingEvent.Evaluating(0));
    assertThat(list(directory.resolve("shared/runs"))).containsExactly(done.id);
    ray.onSubmission(ending(0));
    older(7);
    ray.forgetAll();
    Files.delete(done.directory().resolve("end.json"));
    assertThat(follow(trainer(8))).isZero();
    assertThat(list(directory.resolve("shared/runs"))).containsExactly("graft-ftjob-1-e8");
  }

  @Test
  void whoeverHasLostTheLeaseLeavesTheRunAlone() throws Exception {
    Trainer trainer = trainer(1);
    ray.onSubmission(job -> trainer.leave());
    assertThat(follow(trainer)).isEqualTo(137);
    trainer.close();
    assertThat(ray.known()).containsExactly("graft-ftjob-1-e1");
    assertThat(ray.calls).noneMatch(call -> call.endsWith("/stop"));
    assertThat(list(directory.resolve("shared/runs"))).containsExactly("graft-ftjob-1-e1");
  }

  @Test
  void directoriesThatNobodyComesBackToAreDeletedAfterADay() throws Exception {
    RayJobs jobs = new RayJobs(ray.address(), FakeRay.TOKEN, Duration.ofSeconds(5));
    Path shared = directory.resolve("shared");
    for (long epoch = 1; epoch <= 4; epoch++) {
      older(epoch);
      SharedRun.of(shared, new SubmissionId("ftjob-1", epoch)).beat(1);
    }
    FileTime now = Files.getLastModifiedTime(shared.resolve("runs/graft-ftjob-1-e2/alive"));
    FileTime before = FileTime.from(now.toInstant().minus(Duration.ofHours(25)));
    for (int epoch : new int[] {1, 3, 4}) {
      Path alive = shared.resolve("runs/graft-ftjob-1-e" + epoch + "/alive");
      Files.setLastModifiedTime(alive, before);
    }
    jobs.stop(new SubmissionId("ftjob-1", 1));
    jobs.stop(new SubmissionId("ftjob-1", 2));
    jobs.stop(new SubmissionId("ftjob-1", 4));
    ray.forget("graft-ftjob-1-e4");
    LeftRuns.delete(jobs, shared);
    assertThat(list(shared.resolve("runs")))
        .as("followed today, and running")
        .containsExactly("graft-ftjob-1-e2", "graft-ftjob-1-e3");
  }

  @Test
  void aRunThatDoesNotEndByItselfIsStopped() throws Exception {
    Trainer trainer = trainer(1);
    ray.onSubmission(job -> trainer.kill());
    assertThat(follow(trainer)).isEqualTo(137);
    assertThat(ray.calls).contains("POST /api/jobs/graft-ftjob-1-e1/stop");
  }

  @Test
  void aRunThatIsToEndBeforeItBeginsIsNotSubmitted() throws Exception {
    Trainer cancelled = trainer(1);
    cancelled.send(TrainerDirective.CANCEL);
    assertThat(follow(cancelled)).isEqualTo(11);
    Trainer drained = trainer(1);
    drained.send(TrainerDirective.STOP_AFTER_CHECKPOINT);
    assertThat(follow(drained)).isEqualTo(10);
    assertThat(ray.known()).isEmpty();
  }

  @Test
  void aClusterThatDoesNotAnswerIsWaitedForAndThenGivenUp() throws Exception {
    ray.onSubmission(job -> ray.answers(502));
    assertThat(follow(trainer(1, ray.address(), Duration.ofSeconds(1)))).isEqualTo(137);
  }

  @Test
  void aClusterThatRefusesFailsTheJobInWordsForItsUser() throws Exception {
    ray.answers(400);
    assertThat(follow(trainer(1))).isEqualTo(1);
    assertThat(events)
        .singleElement()
        .isInstanceOfSatisfying(
            TrainingEvent.Failed.class,
            failed -> assertThat(failed.message()).contains("ask the operator"));
  }

  @Test
  void whatIsMissingIsSaidWithItsCure() {
    assertThatThrownBy(() -> trainer(1, null, Duration.ofSeconds(1)))
        .isInstanceOf(MachineLacks.class)
        .hasMessageContaining("set graft.worker.ray.address");
    assertThatThrownBy(() -> trainer(1, URI.create("ray://head:10001"), Duration.ofSeconds(1)))
        .isInstanceOf(MachineLacks.class);
  }

  private static void link(Path link, Path to) {
    try {
      Files.createDirectories(link.getParent());
      Files.createSymbolicLink(link, to);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> list(Path directory) {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void awaitThat(Callable<Boolean> holds) {
    await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(10)).until(holds);
  }
}
