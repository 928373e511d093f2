package dev.graft.webhooks;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The webhook endpoints of departments. Ids grow with time, so lists are in the order of ids. */
interface WebhookEndpoints extends Repository<WebhookEndpoint, String> {
  WebhookEndpoint save(WebhookEndpoint endpoint);

  void delete(WebhookEndpoint endpoint);

  long countByDepartmentId(String departmentId);

  @Query("select e.departmentId from WebhookEndpoint e where e.id = :id")
  Optional<String> departmentOf(String id);

  Optional<WebhookEndpoint> findByDepartmentIdAndId(String departmentId, String id);

  /**
   * Locks the row {@code for update}: the trigger that adds deliveries reads it {@code for key
   * share}, and so adds none until the transaction ends. JPA's lock would let it.
   */
  @Query(
      nativeQuery = true,
      value =
          "select * from webhook_endpoint where department_id = :departmentId and id = :id for update")
  Optional<WebhookEndpoint> findToChange(String departmentId, String id);

  /** Returns the newest first. */
  @Query(
      """
      select e from WebhookEndpoint e
       where e.departmentId = :departmentId and (:after is null or e.id < :after)
       order by e.id desc
      """)
  List<WebhookEndpoint> newest(String departmentId, @Nullable String after, Limit limit);
}
