-- Sends every MR series that has been stable for StableAge seconds to tuberlens; its own results are of series that it ignores.
function OnStableSeries(seriesId, tags, metadata)
  if tags['Modality'] == 'MR' then
    RestApiPost('/dicom-web/servers/tuberlens/stow', DumpJson({ Resources = { seriesId }, Synchronous = false }, true))
  end
end
