package dev.graft.platform.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.ObservedPlans;
import dev.graft.pg.Plan;
import dev.graft.pg.TestPostgres;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A claim reads what is under way and one more, whatever a department has waiting. */
class ClaimPlanIT {
  private static final int WAITING = 20_000;
  private static final int UNDER_WAY = 16;

  /**
   * What is under way is passed over on the way to a turn and to a piece; that is found and
   * written.
   */
  private static final int READ = 2 * (UNDER_WAY + 1) + 1;

  private static final String BACKLOG =
      """
      insert into work_turn select 'k', 'd', graft_now();
      insert into leased_work (kind, subject, department_id, due_at, claim, claimed_until)
      select 'k', n, 'd', graft_now() - (%1$d - n) * interval '1 second',
             case when n <= %2$d then gen_random_uuid() end,
             case when n <= %2$d then graft_now() + interval '1 hour' end
        from generate_series(1, %1$d) n;
      analyze leased_work, work_turn
      """
          .formatted(WAITING, UNDER_WAY);

  @ParameterizedTest
  @EnumSource
  void aClaimReadsNoBacklog(ObservedPlans.Values values) {
    Duration minute = Duration.ofMinutes(1);
    var retries = new WorkSettings.Backoff(9, minute, minute);
    try (ObservedPlans plans = ObservedPlans.over(TestPostgres.migrated(), values)) {
      plans.execute(BACKLOG);
      plans.all();
      LeasedWork work = new LeasedWork(plans.client());
      assertThat(work.claim("k", minute, retries, List.of("other")).orElseThrow().subject())
          .isEqualTo("" + (UNDER_WAY + 1));
      Plan plan = plans.only();
      assertThat(plan.tablesReadWhole()).as(plan.toString()).doesNotContain("leased_work");
      assertThat(plan.rowsRead("leased_work")).as(plan.toString()).isLessThanOrEqualTo(READ);
      assertThat(plan.mostRowsSorted()).as(plan.toString()).isLessThanOrEqualTo(1);
    }
  }
}
