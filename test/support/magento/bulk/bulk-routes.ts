import { noSuchEntity } from '../magento-error.ts'
import type { Route } from '../route.ts'
import { searchResult } from '../services/search-criteria.ts'
import type { BulkQueue, Operation } from './bulk-queue.ts'

const resource = 'Magento_Logging::system_magento_logging_bulk_operations'

/** What became of bulk operations (Magento: AsynchronousOperations/etc/webapi.xml). */
export function bulkRoutes(queue: BulkQueue): Route[] {
  const operationsOf = (uuid: string | undefined) => {
    const operations = queue.bulks.get(uuid ?? '')
    if (operations !== undefined) return operations
    throw noSuchEntity('Bulk uuid %bulkUuid not exist', { bulkUuid: uuid })
  }
  const summary = (uuid: string, operations: readonly Operation[]) => ({
    bulk_id: uuid,
    user_type: 1,
    operation_count: operations.length,
  })
  return [
    {
      method: 'GET',
      path: '/V1/bulk/:bulkUuid/status',
      resource,
      serve: ({ variables }) => {
        const operations = operationsOf(variables.bulkUuid)
        return {
          ...summary(variables.bulkUuid ?? '', operations),
          operations_list: operations.map(short),
        }
      },
    },
    {
      method: 'GET',
      path: '/V1/bulk/:bulkUuid/detailed-status',
      resource,
      serve: ({ variables }) => {
        const operations = operationsOf(variables.bulkUuid)
        return {
          ...summary(variables.bulkUuid ?? '', operations),
          operations_list: operations.map(detailed),
        }
      },
    },
    {
      method: 'GET',
      path: '/V1/bulk/:bulkUuid/operation-status/:status',
      resource,
      serve: ({ variables }) =>
        operationsOf(variables.bulkUuid).filter(({ status }) => status === Number(variables.status))
          .length,
    },
    {
      method: 'GET',
      path: '/V1/bulk',
      resource,
      serve: ({ input }) =>
        searchResult(
          [...queue.bulks].map(([uuid, operations]) => summary(uuid, operations)),
          input,
        ),
    },
  ]
}

function short({ id, status, resultMessage }: Operation) {
  return { id, status, result_message: resultMessage, error_code: null }
}

function detailed(operation: Operation) {
  const { topic, serializedData } = operation
  return { ...short(operation), topic_name: topic, serialized_data: serializedData }
}
