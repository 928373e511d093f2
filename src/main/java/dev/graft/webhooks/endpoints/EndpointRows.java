package dev.graft.webhooks.endpoints;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

/** The endpoints, by department. Ids grow with time: lists go by id. */
interface EndpointRows extends JpaRepository<EndpointRow, String> {
  Optional<EndpointRow> findByDepartmentIdAndId(String departmentId, String id);

  /**
   * No one else changes it before this transaction ends, nor is anything new written that is to be
   * sent to it: the trigger that does has the row {@code for key share}, which JPA's locks let
   * pass.
   */
  @Query(
      value =
          """
          select * from webhook_endpoint where department_id = :departmentId and id = :id for update
          """,
      nativeQuery = true)
  Optional<EndpointRow> findToChange(String departmentId, String id);

  /** Newest first. */
  @Query(
      """
      select e from EndpointRow e
       where e.departmentId = :departmentId and (:after is null or e.id < :after)
       order by e.id desc
      """)
  List<EndpointRow> page(String departmentId, @Nullable String after, Limit limit);

  long countByDepartmentId(String departmentId);
}
