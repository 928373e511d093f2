package dev.graft.jobs;

import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.util.Optional;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Why a department waits, from the numbers that the claim orders by. */
@RestController
class FairShareController {
  private final FairShareLedger ledger;

  FairShareController(FairShareLedger ledger) {
    this.ledger = ledger;
  }

  /**
   * @param weight a department with twice the weight gets twice the time
   * @param usedDeviceSeconds of leases that ended, faded to now
   * @param runningDeviceSeconds of leases that live, each at least the entry penalty
   * @param share the two together over the weight; the smallest is next
   * @param projectsAhead others with work that may start and a smaller share
   * @param reason the same in words
   */
  record FairShareObject(
      String object,
      String projectId,
      double weight,
      double usedDeviceSeconds,
      double runningDeviceSeconds,
      double share,
      int running,
      int maxRunning,
      int queued,
      int projectsAhead,
      double halfLifeSeconds,
      double entryPenaltySeconds,
      String reason) {}

  @GetMapping("/v1/organization/projects/{project}/fair_share")
  FairShareObject get(
      @AuthenticationPrincipal Identity identity, @PathVariable("project") String id) {
    if (!identity.reaches(id, Permission.ORGANIZATION_READ)) {
      throw RequestFailed.notFound("project", id);
    }
    ClaimStatement.FairShare settings = ledger.settings();
    FairShareLedger.Standing now =
        ledger.of(id).orElseThrow(() -> RequestFailed.notFound("project", id));
    return new FairShareObject(
        "organization.project.fair_share",
        id,
        now.weight(),
        now.used(),
        now.live(),
        now.share(),
        now.running(),
        now.maxRunning(),
        now.queued(),
        now.ahead(),
        settings.halfLifeSeconds(),
        settings.penaltySeconds(),
        reason(now));
  }

  /** Of the first job, where no worker that is there can run any of them. */
  private static Optional<NoWorkerFits> obstacle(FairShareLedger.Standing now) {
    JobNeeds first = now.first();
    if (first == null || now.waits()) return Optional.empty();
    return NoWorkerFits.of("The first job that waits", first, now.offers());
  }

  private static String reason(FairShareLedger.Standing now) {
    if (now.queued() == 0) return "No job waits.";
    if (now.running() >= now.maxRunning()) {
      return "%d of %d jobs run at once: the next starts when one of them ends."
          .formatted(now.running(), now.maxRunning());
    }
    Optional<NoWorkerFits> obstacle = obstacle(now);
    if (obstacle.isPresent()) return obstacle.get().reason() + " " + obstacle.get().remedy();
    if (!now.waits())
      return "What waits is between two attempts: it starts when its delay is over.";
    if (now.ahead() > 0) return QueuePlace.usedLess(now.ahead());
    return "This department is next: its job starts when a worker asks for one.";
  }
}
