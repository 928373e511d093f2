package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.worker.RayJobs.SubmissionId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** The client of Ray's Jobs API, against the answers that Ray 2.60 gives. */
class RayJobsTests {
  private static final SubmissionId ID = new SubmissionId("ftjob-1", 3);
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private FakeRay ray;

  @BeforeEach
  void aHead() throws IOException {
    ray = new FakeRay();
  }

  @AfterEach
  void close() {
    ray.close();
  }

  private RayJobs jobs(@Nullable String token) {
    return new RayJobs(ray.address(), token, DEADLINE);
  }

  @Test
  void aJobIsSubmittedFoundAndStopped() {
    RayJobs jobs = jobs(FakeRay.TOKEN);
    assertThat(jobs.find(ID)).isEmpty();
    ray.onSubmission(
        job -> {
          assertThat(job.request.path("entrypoint").asString("")).isEqualTo("sleep 30");
          assertThat(job.request.path("runtime_env").path("pip").path(0).asString(""))
              .isEqualTo("x");
          assertThat(job.request.path("metadata").path("graft_epoch").asString("")).isEqualTo("3");
        });
    jobs.submit(ID, "sleep 30", JsonMapper.shared().readTree("{\"pip\": [\"x\"]}"));
    assertThat(jobs.find(ID)).hasValueSatisfying(job -> assertThat(job.ended()).isFalse());
    jobs.stop(ID);
    assertThat(jobs.all())
        .containsExactly(
            new RayJobs.RayJob(
                "graft-ftjob-1-e3",
                RayJobs.RayJob.Status.STOPPED,
                "Job was intentionally stopped."));
    jobs.stop(ID);
    jobs.stop(new SubmissionId("ftjob-1", 4));
    assertThat(jobs.logs(ID)).contains("ModuleNotFoundError");
    assertThat(jobs.logs(new SubmissionId("ftjob-1", 4))).isEmpty();
  }

  @Test
  void anIdThatIsThereIsTheSameSubmission() {
    RayJobs jobs = jobs(FakeRay.TOKEN);
    jobs.submit(ID, "sleep 30", null);
    jobs.submit(ID, "sleep 30", null);
    assertThat(ray.known()).isEqualTo(List.of("graft-ftjob-1-e3"));
  }

  @Test
  void aTokenThatIsMissingOrWrongIsSaid() {
    for (String token : new String[] {null, "", "another"}) {
      assertThatThrownBy(() -> jobs(token).all())
          .isInstanceOf(RayJobs.RayRefused.class)
          .hasMessage("the Ray cluster does not accept graft.worker.ray.token");
    }
  }

  @Test
  void whatMayPassMayBeRepeatedAndTheRestIsRefused() {
    ray.answers(502);
    assertThatThrownBy(() -> jobs(FakeRay.TOKEN).all()).isInstanceOf(UncheckedIOException.class);
    ray.answers(400);
    assertThatThrownBy(() -> jobs(FakeRay.TOKEN).submit(ID, "x", null))
        .isInstanceOf(RayJobs.RayRefused.class)
        .hasMessageContaining("answered 400");
    ray.answers(200);
    assertThatThrownBy(() -> jobs(FakeRay.TOKEN).all())
        .isInstanceOf(RayJobs.RayRefused.class)
        .hasMessageContaining("not a Ray dashboard");
    ray.close();
    RayJobs gone = new RayJobs(URI.create("http://127.0.0.1:1"), null, DEADLINE);
    assertThatThrownBy(gone::all).isInstanceOf(UncheckedIOException.class);
  }

  @Test
  void idsOfSubmissionsAreReadBack() {
    assertThat(SubmissionId.read(ID.toString())).contains(ID);
    assertThat(SubmissionId.read("raysubmit_1")).isEmpty();
    assertThat(SubmissionId.read("graft-../x-e1")).isEmpty();
    assertThat(new SubmissionId("ftjob-1", 2).before(ID)).isTrue();
    assertThat(ID.before(ID)).isFalse();
    assertThat(new SubmissionId("ftjob-2", 2).before(ID)).isFalse();
    assertThatThrownBy(() -> new SubmissionId("../x", 1)).hasMessage("not the id of a job");
  }
}
