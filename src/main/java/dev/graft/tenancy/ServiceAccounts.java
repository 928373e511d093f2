package dev.graft.tenancy;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The service accounts that are not deleted. */
interface ServiceAccounts extends Repository<ServiceAccount, String> {
  String OF_DEPARTMENT =
      """
      select a from ServiceAccount a where a.departmentId = :departmentId and a.deletedAt is null
      """;

  ServiceAccount save(ServiceAccount account);

  @Query(OF_DEPARTMENT + " and a.id = :id")
  Optional<ServiceAccount> find(String departmentId, String id);

  /** The row stays locked until the transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(OF_DEPARTMENT + " and a.id = :id")
  Optional<ServiceAccount> findToChange(String departmentId, String id);

  /** Newest first; an unknown cursor gives nothing. */
  @Query(
      OF_DEPARTMENT
          + """
           and (:after is null
                or a.id < (select b.id from ServiceAccount b
                            where b.id = :after and b.departmentId = :departmentId))
           order by a.id desc
          """)
  List<ServiceAccount> newest(String departmentId, @Nullable String after, Limit limit);
}
