package dev.graft.console;

import static dev.graft.console.Visitor.Section.DEPARTMENT;
import static dev.graft.console.Visitor.Section.EVALUATIONS;
import static dev.graft.console.Visitor.Section.FILES;
import static dev.graft.console.Visitor.Section.JOBS;
import static dev.graft.console.Visitor.Section.MODELS;
import static dev.graft.console.Visitor.Section.ORGANISATION;
import static dev.graft.console.Visitor.Section.PLAYGROUND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.tenancy.Actor;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Identity.Administrator;
import dev.graft.tenancy.Permission;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VisitorTests {
  private static final Actor SOMEBODY = new Actor("key_1", null, null, null);

  private static Visitor member(Set<Permission> permissions) {
    return new Visitor(new Caller("proj_1", "support", SOMEBODY, permissions));
  }

  @Test
  void whoeverMayAllSeesAllAndBeginsWithTheJobs() {
    Visitor owner = member(EnumSet.allOf(Permission.class));
    assertThat(owner.menu())
        .extracting(Visitor.Entry::section)
        .containsExactly(JOBS, FILES, MODELS, PLAYGROUND, EVALUATIONS, DEPARTMENT, ORGANISATION);
    assertThat(owner.home()).isEqualTo("/console/jobs");
  }

  @Test
  void aKeyWithScopesBeginsWhereItMay() {
    Visitor files = member(Set.of(Permission.FILES_READ, Permission.MODEL_REQUEST));
    assertThat(files.menu()).extracting(Visitor.Entry::section).containsExactly(FILES);
    assertThat(files.home()).isEqualTo("/console/files");
  }

  @Test
  void anAdministratorOfNoDepartmentBeginsWithTheOrganisation() {
    Visitor administrator =
        new Visitor(
            new Administrator(
                SOMEBODY, Set.of(Permission.PROJECT_READ, Permission.ORGANIZATION_READ)));
    assertThat(administrator.menu())
        .extracting(Visitor.Entry::section)
        .containsExactly(ORGANISATION);
    assertThat(administrator.home()).isEqualTo("/console/departments");
  }

  @Test
  void onesOwnDepartmentHasAPlaceInTheMenu() {
    Visitor member = member(EnumSet.allOf(Permission.class));
    assertThat(member.sectionOf("proj_1")).isEqualTo(DEPARTMENT);
    assertThat(member.sectionOf("proj_2")).isEqualTo(ORGANISATION);
    assertThat(member.menu())
        .contains(new Visitor.Entry(DEPARTMENT, "Department", "/console/departments/proj_1"));
  }

  @Test
  void whoeverMayNothingIsSentToAPageThatSaysSo() {
    assertThat(member(Set.of()).home()).isEqualTo("/console/jobs");
  }
}
