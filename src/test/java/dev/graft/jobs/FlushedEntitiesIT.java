package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.GraftIT;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.OwnRows;
import dev.graft.tenancy.Departments;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.dao.OptimisticLockingFailureException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

/**
 * Changes of entities under row security. A department's request sees and changes its own rows
 * alone, and what it changes within {@link EveryDepartment} is written before that scope ends.
 */
@GraftIT
class FlushedEntitiesIT {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  @Autowired Departments departments;
  @Autowired AdapterConfigService service;
  @Autowired AdapterConfigs configs;
  @Autowired TransactionTemplate transaction;

  private String own = "";
  private String other = "";

  @BeforeEach
  void configurationsOfTwoDepartments() {
    own = departments.ensure("d-" + UUID.randomUUID());
    other = departments.ensure("d-" + UUID.randomUUID());
    for (String department : List.of(own, other)) {
      service.create(department, "support", null, JsonMapper.shared().readTree("{}"));
    }
    OwnRows caller = () -> own;
    SecurityContextHolder.getContext()
        .setAuthentication(
            UsernamePasswordAuthenticationToken.authenticated(caller, null, List.of()));
  }

  @AfterEach
  void signOut() {
    SecurityContextHolder.clearContext();
  }

  private AdapterConfig locked(String department) {
    return configs.findToChange(department, "support").orElseThrow();
  }

  private boolean exists(String department) {
    return EveryDepartment.call(
        () -> configs.existsByDepartmentIdAndNameAndDeletedAtIsNull(department, "support"));
  }

  @Test
  void aDepartmentChangesItsOwnRow() {
    transaction.executeWithoutResult(status -> locked(own).delete(NOON));
    assertThat(exists(own)).isFalse();
  }

  @Test
  void aDepartmentDoesNotSeeAnothersRow() {
    assertThat(
            transaction.<Boolean>execute(
                status -> configs.findToChange(other, "support").isPresent()))
        .isFalse();
  }

  @Test
  void aChangeWithinTheScopeIsWrittenBeforeTheScopeEnds() {
    transaction.executeWithoutResult(
        status ->
            EveryDepartment.call(
                () -> {
                  locked(other).delete(NOON);
                  return null;
                }));
    assertThat(exists(other)).isFalse();
  }

  /** The commit writes it in the department's role, which does not see the row. */
  @Test
  void aChangeAfterTheScopeIsRefused() {
    assertThatThrownBy(
            () ->
                transaction.executeWithoutResult(
                    status -> EveryDepartment.call(() -> locked(other)).delete(NOON)))
        .isInstanceOf(OptimisticLockingFailureException.class);
    assertThat(exists(other)).isTrue();
  }
}
