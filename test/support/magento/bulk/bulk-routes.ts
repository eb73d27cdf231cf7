import { noSuchEntity } from '../magento-error.ts'
import type { Route } from '../route.ts'
import type { BulkQueue, Operation } from './bulk-queue.ts'

/** What became of bulk operations (Magento: AsynchronousOperations/etc/webapi.xml). */
export function bulkRoutes(queue: BulkQueue): Route[] {
  return [
    {
      method: 'GET',
      path: '/V1/bulk/:bulkUuid/detailed-status',
      resource: 'Magento_Logging::system_magento_logging_bulk_operations',
      serve: ({ variables: { bulkUuid = '' } }) => {
        const operations = queue.bulks.get(bulkUuid)
        if (operations === undefined) {
          throw noSuchEntity('Bulk uuid %bulkUuid not exist', { bulkUuid })
        }
        return {
          bulk_id: bulkUuid,
          user_type: 1,
          operation_count: operations.length,
          operations_list: operations.map(detailed),
        }
      },
    },
  ]
}

function detailed({ id, status, resultMessage, topic, serializedData }: Operation) {
  return {
    id,
    status,
    result_message: resultMessage,
    error_code: null,
    topic_name: topic,
    serialized_data: serializedData,
  }
}
