package dev.graft.tenancy;

import java.util.List;
import java.util.Optional;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The retention policies of departments; a department without one has the operator's defaults. */
interface RetentionPolicies extends Repository<RetentionPolicy, String> {
  String TO_SWEEP =
      """
      select id from department d
       where :all
          or exists (select from retention_policy p where p.department_id = d.id)
          or exists (select from retention_notice n where n.department_id = d.id)
       order by id
      """;

  RetentionPolicy save(RetentionPolicy policy);

  Optional<RetentionPolicy> findById(String departmentId);

  /**
   * Lists the departments that may have notices to write or to withdraw, or things to remove.
   *
   * @param all whether the defaults let things be removed
   */
  @Query(nativeQuery = true, value = TO_SWEEP)
  List<String> toSweep(boolean all);
}
