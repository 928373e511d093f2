package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.training.ProtocolLines;
import dev.graft.training.TrainingEvent;
import dev.graft.worker.RayJobs.SubmissionId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Runs of earlier leases, and who may speak for one. */
class RayTakeoverTests extends OnFakeRay {
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
    RayTrainer.LeftRuns.delete(jobs, shared);
    assertThat(list(shared.resolve("runs")))
        .as("followed today, and running")
        .containsExactly("graft-ftjob-1-e2", "graft-ftjob-1-e3");
  }

  @Test
  void whatStillRunsFindsItsDirectoryGoneAndKeepsNobodyFromDeletingIt() throws Exception {
    SharedRun run = SharedRun.of(directory.resolve("shared"), new SubmissionId("ftjob-1", 1));
    run.lay(request);
    run.delete();
    run.delete();
    assertThat(run.exists()).isFalse();
    run.lay(request);
    Files.createDirectories(run.root().resolveSibling("deleted-" + run.id()).resolve("rest"));
    RayTrainer.LeftRuns.delete(
        new RayJobs(ray.address(), FakeRay.TOKEN, Duration.ofSeconds(5)),
        directory.resolve("shared"));
    assertThat(list(directory.resolve("shared/runs"))).containsExactly(run.id().toString());
  }
}
