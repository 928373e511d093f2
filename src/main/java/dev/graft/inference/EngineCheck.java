package dev.graft.inference;

import dev.graft.adapters.Adapters;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** Compares an engine with what it should have, and makes up the difference, again and again. */
@Component
class EngineCheck implements WorkKind {
  static final String KIND = "engine_check";

  private static final Logger log = LoggerFactory.getLogger(EngineCheck.class);
  private static final int PARALLEL = 4;

  /** It must not be given up: the engine is still in the settings. */
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          KIND,
          false,
          PARALLEL,
          PARALLEL,
          Duration.ofSeconds(2),
          Duration.ofMinutes(5),
          new WorkSettings.Backoff(
              Integer.MAX_VALUE, Duration.ofSeconds(15), Duration.ofMinutes(10)),
          Duration.ZERO);

  private final EnginesProperties settings;
  private final Engines engines;
  private final ServedAdapters served;
  private final VllmForm form;
  private final Adapters adapters;
  private final EngineRows rows;
  private final LeasedWork work;
  private final TransactionTemplate transaction;

  EngineCheck(
      EnginesProperties settings,
      Engines engines,
      ServedAdapters served,
      VllmForm form,
      Adapters adapters,
      EngineRows rows,
      LeasedWork work,
      TransactionTemplate transaction) {
    this.settings = settings;
    this.engines = engines;
    this.served = served;
    this.form = form;
    this.adapters = adapters;
    this.rows = rows;
    this.work = work;
    this.transaction = transaction;
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws InterruptedException {
    String name = claim.subject();
    EnginesProperties.Server engine = engines.all().get(name);
    if (engine == null) {
      transaction.executeWithoutResult(
          status -> {
            if (work.done(claim)) rows.delete(name);
          });
      return;
    }
    List<Served> wanted = served.at(engine);
    EngineHealth found =
        engines
            .sync(name)
            .check(
                wanted,
                adapter -> () -> form.of(adapter.adapter(), adapter.base()),
                id -> adapters.any(id).isPresent());
    Optional<Boolean> changed = write(claim, found);
    if (changed.orElse(false)) {
      log.atInfo()
          .addKeyValue("engine", name)
          .addKeyValue("status", found.status().wire())
          .addKeyValue("cause", found.error())
          .log("engine_checked");
    }
  }

  private Optional<Boolean> write(WorkClaim claim, EngineHealth found) {
    return Optional.ofNullable(
        transaction.execute(
            status ->
                work.later(claim, settings.checkEvery()) && rows.write(claim.subject(), found)));
  }
}
