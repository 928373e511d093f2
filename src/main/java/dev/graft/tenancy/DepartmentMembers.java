package dev.graft.tenancy;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** Who belongs to which department. */
interface DepartmentMembers extends Repository<DepartmentMember, DepartmentMember.Key> {
  String OF_DEPARTMENT =
      """
      select m from DepartmentMember m join fetch m.person p where m.key.departmentId = :departmentId
      """;

  DepartmentMember save(DepartmentMember member);

  void delete(DepartmentMember member);

  @Query(OF_DEPARTMENT + " and p.id = :personId")
  Optional<DepartmentMember> find(String departmentId, String personId);

  /** The row stays locked until the transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(OF_DEPARTMENT + " and p.id = :personId")
  Optional<DepartmentMember> findToChange(String departmentId, String personId);

  /** Newest person first; an unknown cursor gives nothing. */
  @Query(
      OF_DEPARTMENT
          + """
           and (:after is null
                or p.id < (select n.key.personId from DepartmentMember n
                            where n.key.departmentId = :departmentId and n.key.personId = :after))
           order by p.id desc
          """)
  List<DepartmentMember> newest(String departmentId, @Nullable String after, Limit limit);
}
